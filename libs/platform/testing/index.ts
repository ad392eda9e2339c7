export { AnswerSchemas } from './open-api/answer-schemas.js';
export { documentationFaults } from './open-api/documentation-faults.js';
export { type OpenApiDocument, type Operation, parametersIn, readOpenApi } from './open-api/document.js';
export { createMigratedDatabase, createTestDatabase, type TestDatabase } from './test-database.js';
