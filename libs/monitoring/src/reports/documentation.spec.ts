import { beforeAll, describe, expect, it } from '@jest/globals';
import * as ethers from 'ethers';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

import { recoverReportSigner, ReportSigner } from './report-signer.js';
import { reportDigest, toHex } from './typed-data.js';
import { parseSignedReport } from './wire.js';

const page = new URL('../../../../docs/reports.md', import.meta.url);
let text: string;

const block = (language: string) => {
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (found === undefined) throw new Error(`docs/reports.md has no ${language} block`);
  return found;
};

describe('docs/reports.md', () => {
  beforeAll(async () => {
    text = await readFile(fileURLToPath(page), 'utf8');
  });

  it('shows a report that is what this code makes and accepts', () => {
    const example = parseSignedReport(JSON.parse(block('json')));
    const signer = ReportSigner.fromPrivateKey(`0x${'11'.repeat(32)}`);

    expect(recoverReportSigner(example)).toBe(signer.address);
    expect(signer.sign(example.report)).toEqual(example);
    expect(text).toContain(`Its digest is \`${toHex(reportDigest(example.report))}\``);
  });

  it('shows a program that verifies it, and that notices a changed millisecond', () => {
    const program = block('js').replace("import { verifyTypedData } from 'ethers';", '');
    // The page's own words are run, as a reader would.
    const verify = (text: string): unknown =>
      runInNewContext(program, { verifyTypedData: ethers.verifyTypedData, text });

    verify(block('json'));
    const changed = block('json').replace('"up_ms": 48000', '"up_ms": 48001');
    expect(changed).not.toBe(block('json'));
    expect(() => {
      verify(changed);
    }).toThrow('not signed by the worker');
  });
});
