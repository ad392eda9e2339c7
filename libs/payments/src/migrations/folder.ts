/** The SQL migrations of the books, for `DatabaseModule.forRootAsync({ … migrations })` and `migrate`. */
export const paymentsMigrations = new URL('./', import.meta.url);

/** What the application works as (0011-application-role.sql): it adds facts and cannot edit them. */
export const applicationRole = 'payroll_application';
