import { isChainFailure } from '#payments';
import { Problem } from '#platform';

/** A question that only the chain can answer. @throws Problem 503 when no node does */
export async function chainAnswers<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    if (!isChainFailure(error)) throw error;
    throw new Problem({
      status: 503,
      detail: `The chain cannot be asked: ${error.message}`,
      headers: { 'retry-after': '10' },
    });
  }
}
