import { describe, expect, it } from '@jest/globals';
import { verifyTypedData, Wallet } from 'ethers';
import fc from 'fast-check';

import { nativeCurve, wasmCurve } from './curve.js';
import {
  InvalidPrivateKeyError,
  InvalidSignatureError,
  recoverReportSigner,
  ReportSigner,
} from './report-signer.js';
import { arbitraryPrivateKey, arbitraryStatement } from './testing/arbitrary-report.js';
import { reportDomain, reportMessage, reportTypes } from './typed-data.js';
import type { SignedReport } from './uptime-report.js';

const [statement] = fc.sample(arbitraryStatement, { numRuns: 1, seed: 7 });
const signer = ReportSigner.fromPrivateKey(`0x${'11'.repeat(32)}`);
const signed = signer.sign(statement!);

const hasNative = process.platform === 'linux' && process.arch === 'x64';
const curves = [...(hasNative ? [nativeCurve()] : []), wasmCurve()];

describe.each(curves)('signing with the $implementation curve', (curve) => {
  it('makes the signature and address that ethers makes, and recovers the address again', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryStatement, arbitraryPrivateKey, async (statement, key) => {
        const wallet = new Wallet(key);
        const ours = ReportSigner.fromPrivateKey(key, curve).sign(statement);
        const message = reportMessage(ours.report);

        expect(ours.report.workerAddress).toBe(wallet.address);
        expect(ours.signature).toBe(await wallet.signTypedData(reportDomain, reportTypes, message));
        expect(recoverReportSigner(ours, curve)).toBe(wallet.address);
        expect(verifyTypedData(reportDomain, reportTypes, message, ours.signature)).toBe(wallet.address);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['', '0x', '0x11', `0x${'00'.repeat(32)}`, `0x${'ff'.repeat(32)}`, `0x${'zz'.repeat(32)}`])(
    'refuses %j as a private key without repeating it',
    (key) => {
      expect(() => ReportSigner.fromPrivateKey(key, curve)).toThrow(InvalidPrivateKeyError);
    },
  );

  it.each([
    ['r is zero', `0x${'00'.repeat(32)}${'01'.padStart(64, '0')}1b`],
    ['s is zero', `0x${'01'.padStart(64, '0')}${'00'.repeat(32)}1b`],
    ['r lies beyond the group', `0x${'ff'.repeat(32)}${'01'.padStart(64, '0')}1b`],
  ] as const)('refuses a signature whose %s', (_case, signature) => {
    expect(() => recoverReportSigner({ ...signed, signature }, curve)).toThrow(InvalidSignatureError);
  });
});

describe('recovering the signer of a report', () => {
  const withSignature = (signature: string): SignedReport => ({
    ...signed,
    signature: signature as SignedReport['signature'],
  });

  it('knows the published test key', () => {
    expect(recoverReportSigner(signed)).toBe('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A');
  });

  it('refuses the second, malleable form of a right signature', () => {
    const order = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
    const s = BigInt(`0x${signed.signature.slice(66, 130)}`);
    const v = signed.signature.endsWith('1b') ? '1c' : '1b';
    const malleated = `${signed.signature.slice(0, 66)}${(order - s).toString(16).padStart(64, '0')}${v}`;

    expect(() => recoverReportSigner(withSignature(malleated))).toThrow(/not canonical/);
  });

  it.each(['00', '01', '1a', '1d', 'ff'])('refuses v = 0x%s', (v) => {
    expect(() => recoverReportSigner(withSignature(signed.signature.slice(0, -2) + v))).toThrow(
      /not 27 or 28/,
    );
  });

  it('refuses a signature of another length', () => {
    expect(() => recoverReportSigner(withSignature(signed.signature.slice(0, -2)))).toThrow(/65 bytes/);
    expect(() => recoverReportSigner(withSignature(`${signed.signature}00`))).toThrow(/65 bytes/);
  });

  it('refuses a report of which any part was changed after it was signed', () => {
    const { report } = signed;
    const tampered: SignedReport['report'][] = [
      { ...report, capability: `${report.capability}!` },
      { ...report, engineId: `${report.engineId}!` },
      { ...report, fromMs: report.fromMs + 1n },
      { ...report, toMs: report.toMs + 1n },
      { ...report, services: report.services.slice(1) },
      { ...report, services: report.services.map((one) => ({ ...one, upMs: one.upMs + 1n })) },
      { ...report, services: report.services.map((one) => ({ ...one, name: `${one.name}!` })) },
      { ...report, services: report.services.map((one) => ({ ...one, containerIds: ['other'] })) },
      { ...report, allUpMs: report.allUpMs + 1n },
      { ...report, challenge: `0x${'12'.repeat(32)}` },
      { ...report, issuedAtMs: report.issuedAtMs + 1n },
      { ...report, previousMinuteHash: `0x${'12'.repeat(32)}` },
      { ...report, minuteHash: `0x${'12'.repeat(32)}` },
      { ...report, workerAddress: new Wallet(`0x${'22'.repeat(32)}`).address },
    ];
    expect(report.services.length).toBeGreaterThan(1);
    for (const changed of tampered) {
      expect(() => recoverReportSigner({ ...signed, report: changed })).toThrow(InvalidSignatureError);
    }
  });

  it('keeps the private key out of everything that a log could print', () => {
    const key = '11'.repeat(32);
    expect(JSON.stringify(signer)).not.toContain(key);
    expect(Object.values(signer).map(String).join()).not.toContain(key);
  });
});
