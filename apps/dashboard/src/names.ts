import { useCallback } from 'preact/hooks';
import { statusSchema } from './api/shapes.js';
import { useAnswer } from './house.js';

/** Names of the orchestrators that are not archived; of others the beginning of their id. */
export function useNames(): (id: string) => string {
  const { data } = useAnswer('status', { schema: statusSchema, topics: ['changes'] });
  return useCallback(
    (id) => data?.orchestrators.find((each) => each.id === id)?.name ?? id.slice(0, 8),
    [data],
  );
}
