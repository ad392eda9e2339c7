import type { Assessor } from '../src/assessments/assessor.js';
import type { AssessmentRecord } from '../src/assessments/assessment.js';
import type { EvidenceSource } from '../src/assessments/evidence-source.js';

/** One turn of the assessor, and what it decided. */
export async function decideDue(
  assessor: Assessor,
  source: EvidenceSource,
  signal?: AbortSignal,
): Promise<AssessmentRecord[]> {
  const decided: AssessmentRecord[] = [];
  const count = await assessor.assessDue(source, signal, (record) => decided.push(record));
  if (count !== decided.length) throw new Error(`${count} were counted, ${decided.length} announced`);
  return decided;
}
