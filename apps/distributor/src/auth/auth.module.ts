import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { AuthController } from './auth.controller.js';
import { BearerGuard } from './bearer.guard.js';
import { tokenKeyOf } from './passwords.js';
import { SignInGuesses } from './sign-in-guesses.js';
import { tokenIssuer, tokenLifetimeSeconds } from './session.js';

@Module({
  imports: [
    JwtModule.registerAsync({
      inject: [DISTRIBUTOR_CONFIG],
      useFactory: async ({ signIn }: DistributorConfig) => ({
        secret: await tokenKeyOf(signIn),
        signOptions: { algorithm: 'HS256', issuer: tokenIssuer, expiresIn: tokenLifetimeSeconds },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [SignInGuesses, { provide: APP_GUARD, useClass: BearerGuard }],
  exports: [JwtModule],
})
export class AuthModule {}
