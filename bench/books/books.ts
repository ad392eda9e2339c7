import type { Benchmark } from '../benchmark.js';
import { measureAssessing } from './assessing.js';
import { createBooks, describeServer, startServer } from './bench-books.js';
import { measureDisk } from './disk.js';
import { measurePosting } from './posting.js';
import { fullSizes, quickSizes } from './sizes.js';
import { startDistributor } from './whole-period.js';
import { WorkerFarm } from './worker-farm.js';

/** The books at their full size: whole periods over HTTP, posting beside a raw insert, growth on disk. */
export const books: Benchmark = {
  about: 'one period with 10,000 orchestrators, posting beside a raw insert, a year on disk',
  async run(context) {
    const sizes = context.quick ? quickSizes : fullSizes;
    const { cleanUp } = context;
    context.progress('books: starting PostgreSQL');
    const server = await startServer(cleanUp);
    const { owner: postingOwner } = await createBooks(server, 'posting', cleanUp);
    const posting = await measurePosting(postingOwner, sizes, context);

    context.progress(`books: starting ${sizes.orchestrators} workers`);
    const { url, owner } = await createBooks(server, 'books', cleanUp);
    const farm = await WorkerFarm.start(sizes.orchestrators, cleanUp);
    const distributor = startDistributor(url, sizes.timeoutMs, cleanUp);
    const { sections, wholePeriod } = await measureAssessing(
      { server, owner, farm, distributor },
      sizes,
      context,
    );
    await distributor.stop();
    const disk = await measureDisk(owner, sizes, wholePeriod.firstStart, context);
    return {
      sections: [...sections, posting, disk],
      surroundings: { PostgreSQL: await describeServer(owner) },
    };
  },
};
