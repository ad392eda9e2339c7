/** The SQL migrations of the books, for `DatabaseModule.forRootAsync({ … migrations })` and `migrate`. */
export const paymentsMigrations = new URL('./', import.meta.url);
