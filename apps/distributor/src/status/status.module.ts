import { Module } from '@nestjs/common';
import { CurrentStatusReader } from './current-status.js';
import { StatusController } from './status.controller.js';

@Module({ controllers: [StatusController], providers: [CurrentStatusReader], exports: [CurrentStatusReader] })
export class StatusModule {}
