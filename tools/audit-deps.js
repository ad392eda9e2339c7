/**
 * `npm run audit:deps`: known holes in the packages that run, by npm's own audit. Ends with 1 when one is high or critical,
 * with 2 when the registry has no answer: unknown is not clean.
 */
import { spawnSync } from 'node:child_process';

const longestMs = 60_000;
const grave = ['high', 'critical'];

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  timeout: longestMs,
  maxBuffer: 64 * 1024 * 1024,
});

function readReport() {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

const report = readReport();
if (error || !report?.metadata?.vulnerabilities) {
  const reason = report?.message ?? report?.error?.summary ?? error?.message ?? 'no report came back';
  process.stderr.write(`The audit could not be made: ${reason}\nNothing is known of these dependencies.\n`);
  process.exit(2);
}

for (const { name, severity, range, fixAvailable, via } of Object.values(report.vulnerabilities)) {
  const titles = via.map((cause) => (typeof cause === 'string' ? cause : cause.title)).join('; ');
  const cure = fixAvailable === false ? 'no fix yet' : 'a fix exists';
  process.stdout.write(`${severity.padEnd(9)} ${name} ${range}: ${titles} (${cure})\n`);
}
const { vulnerabilities, dependencies } = report.metadata;
const found = grave.reduce((sum, severity) => sum + (vulnerabilities[severity] ?? 0), 0);
process.stdout.write(
  `${dependencies.prod} packages that run; ${vulnerabilities.total} known holes, ${found} of them grave\n`,
);
process.exit(found > 0 ? 1 : 0);
