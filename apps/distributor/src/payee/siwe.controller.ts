import { addressSchema, FactLogger, Problem } from '#platform';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Public } from '../auth/bearer.guard.js';
import { GuessLimit } from '../auth/guess-limit.js';
import { payeeTokenLifetimeSeconds } from '../auth/session.js';
import { sourceOf } from '../auth/sign-in-guesses.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { ApiProblem } from '../rest/problem.decorator.js';
import { iso, time } from '../rest/wire.js';
import { OwnOrchestrators } from './own-orchestrators.js';
import { pageOrigin } from './page-origin.js';
import { type Place, SignInMessages } from './sign-in-messages.js';

const challengeSchema = z
  .strictObject({ address: addressSchema.meta({ description: 'The payout address or the worker’s' }) })
  .meta({ id: 'SignInChallenge' });

const messageSchema = z
  .object({
    message: z.string().meta({ description: 'EIP-4361, to be signed with personal_sign (EIP-191)' }),
    expires_at: time(),
  })
  .meta({ id: 'SignInMessage' });

const answerSchema = z
  .strictObject({
    message: z.string().min(1, 'must not be empty').max(2_000).meta({ description: 'As it was given' }),
    signature: z
      .string()
      .regex(/^0x[0-9a-fA-F]{130}$/, 'must be 0x followed by 130 hexadecimal digits')
      .meta({ example: `0x${'1b'.repeat(65)}` }),
  })
  .meta({ id: 'SignInAnswer' });

const payeeTokenSchema = z
  .object({
    access_token: z.string().meta({ description: 'For the header `Authorization: Bearer …`' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds', example: payeeTokenLifetimeSeconds }),
    role: z.literal('payee').meta({ description: 'Opens the routes under /api/v1/payee and no other' }),
  })
  .meta({ id: 'PayeeToken' });

/** The chain that a message names when the books have none: Ethereum, where the address means the same. */
const ANY_CHAIN = 1;

/** Sign-In with Ethereum. */
@ApiTags('sign-in')
@Controller('api/v1/auth/siwe')
export class SiweController {
  private readonly log = new FactLogger('sign-in');
  private readonly asked = new GuessLimit({ maxGuesses: 20 });
  private readonly wrong = new GuessLimit({ maxGuesses: 10 });

  constructor(
    private readonly messages: SignInMessages,
    private readonly own: OwnOrchestrators,
    private readonly tokens: JwtService,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Post('challenge')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    summary: 'A message to sign in with Ethereum',
    description: 'Good once, for five minutes. It says nothing about whether the address is anybody’s.',
  })
  @ApiResponse({ status: 200, description: 'The message', standardSchema: messageSchema })
  @ApiProblem(400, 409, 422, 429, 503)
  async challenge(
    @Body({ schema: challengeSchema }) { address }: z.output<typeof challengeSchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof messageSchema>> {
    refuseHasty(this.asked, request.ip);
    this.asked.wrong(sourceOf(request.ip));
    const { message, expiresAt } = await this.messages.issue(address, this.placeOf(request));
    return { message, expires_at: iso(expiresAt) };
  }

  @Post()
  @Public()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange the signed message for a token',
    description:
      'The token lives for a quarter of an hour and shows what belongs to the address at each request.',
  })
  @ApiResponse({ status: 200, description: 'Signed in', standardSchema: payeeTokenSchema })
  @ApiProblem(400, 401, 403, 409, 422, 429, 503)
  async signIn(
    @Body({ schema: answerSchema }) { message, signature }: z.output<typeof answerSchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof payeeTokenSchema>> {
    refuseHasty(this.wrong, request.ip);
    const address = await this.redeem(message, signature, request);
    if ((await this.own.idsOf(address)).length === 0) {
      throw new Problem({
        status: 403,
        detail: `Nothing is paid to ${address}, and no worker reports with its key.`,
      });
    }
    this.log.info('signed in', { role: 'payee', payee: address, address: request.ip });
    const accessToken = await this.tokens.signAsync(
      { sub: 'payee', address },
      { expiresIn: payeeTokenLifetimeSeconds },
    );
    const life = { token_type: 'Bearer', expires_in: payeeTokenLifetimeSeconds } as const;
    return { access_token: accessToken, ...life, role: 'payee' };
  }

  private async redeem(message: string, signature: string, request: FastifyRequest): Promise<string> {
    try {
      return await this.messages.redeem(message, signature, this.placeOf(request));
    } catch (error) {
      this.wrong.wrong(sourceOf(request.ip));
      throw error;
    }
  }

  private placeOf(request: FastifyRequest): Place {
    return {
      origin: pageOrigin(this.config.publicUrl, request.headers.host),
      chainId: Number(this.config.settlement.chain?.chainId ?? ANY_CHAIN),
    };
  }
}

function refuseHasty(limit: GuessLimit, address: string): void {
  const waitSeconds = Math.ceil(limit.waitMs(sourceOf(address)) / 1_000);
  if (waitSeconds === 0) return;
  throw new Problem({
    status: 429,
    detail: `Too many attempts from your address. Try again in ${waitSeconds} s.`,
    headers: { 'retry-after': String(waitSeconds) },
  });
}
