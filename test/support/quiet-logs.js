/** Tests judge by behaviour; a spec about the log itself sets a logger of its own. */
import { Logger } from '@nestjs/common';

Logger.overrideLogger(false);
