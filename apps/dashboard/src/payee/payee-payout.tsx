import { payoutDetailSchema } from '../api/shapes.js';
import { useAnswer } from '../house.js';
import { Shown } from '../parts/facts.js';
import { PayoutDetail } from '../views/payout.js';

export function PayeePayout({ id, explorer }: { id: string; explorer: string | null }) {
  const payout = useAnswer(`payee/payments/${id}`, { schema: payoutDetailSchema, everyMs: 5_000 });
  return (
    <>
      <p>
        <a href="#/payee">Back</a>
      </p>
      <Shown answer={payout}>
        {(data) => <PayoutDetail data={data} who={null} explorer={explorer} actions={null} />}
      </Shown>
    </>
  );
}
