import { Module } from '@nestjs/common';
import { StatusModule } from '../status/status.module.js';
import { EventsController } from './events.controller.js';
import { LiveEvents } from './live-events.js';
import { NewestFacts } from './newest-facts.js';

/** What is new in the books, as it happens. */
@Module({ imports: [StatusModule], controllers: [EventsController], providers: [LiveEvents, NewestFacts] })
export class LiveModule {}
