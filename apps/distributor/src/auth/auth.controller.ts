import { FactLogger, Problem } from '#platform';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { ApiProblem } from '../rest/problem.decorator.js';
import { Public } from './bearer.guard.js';
import { roleOf } from './passwords.js';
import { SignInGuesses } from './sign-in-guesses.js';
import { tokenLifetimeSeconds } from './session.js';

const loginSchema = z
  .strictObject({
    password: z
      .string()
      .min(1, 'must not be empty')
      .max(1_000)
      .meta({ description: 'ADMIN_PASSWORD or VIEWER_PASSWORD', example: 'LivepeerManager2025!Secure' }),
  })
  .meta({ id: 'Login' });

const tokenSchema = z
  .object({
    access_token: z.string().meta({ description: 'For the header `Authorization: Bearer …`' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds', example: tokenLifetimeSeconds }),
    role: z
      .enum(['admin', 'viewer'])
      .meta({ description: 'A viewer may read everything and change nothing.' }),
  })
  .meta({ id: 'Token' });

@ApiTags('sign-in')
@Controller('api/v1/auth')
export class AuthController {
  private readonly log = new FactLogger('sign-in');

  constructor(
    private readonly tokens: JwtService,
    private readonly guesses: SignInGuesses,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange the password for a token',
    description: 'The token lives for one hour.',
  })
  @ApiResponse({ status: 200, description: 'Signed in', standardSchema: tokenSchema })
  @ApiProblem(400, 401, 429)
  async login(
    @Body({ schema: loginSchema }) { password }: z.output<typeof loginSchema>,
    @Req() { ip }: FastifyRequest,
  ): Promise<z.output<typeof tokenSchema>> {
    await this.refuseGuesser(ip);
    const role = roleOf(password, this.config.signIn);
    if (role === undefined) {
      await this.guesses.wrong(ip);
      this.log.warn('sign-in refused', { address: ip });
      throw new Problem({
        status: 401,
        detail: 'The password is wrong.',
        errors: [{ field: 'password', detail: 'is wrong' }],
        headers: { 'www-authenticate': 'Bearer realm="distributor"' },
      });
    }
    await this.guesses.right(ip);
    this.log.info('signed in', { role, address: ip });
    const accessToken = await this.tokens.signAsync({ sub: role });
    return { access_token: accessToken, token_type: 'Bearer', expires_in: tokenLifetimeSeconds, role };
  }

  private async refuseGuesser(address: string): Promise<void> {
    const waitSeconds = Math.ceil((await this.guesses.waitMs(address)) / 1_000);
    if (waitSeconds === 0) return;
    throw new Problem({
      status: 429,
      detail: `Too many wrong passwords from your address. Try again in ${waitSeconds} s.`,
      headers: { 'retry-after': String(waitSeconds) },
    });
  }
}
