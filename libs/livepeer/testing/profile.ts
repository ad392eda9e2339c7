/** Which go-livepeer a double imitates: the image tag `pr-3650`, or master of 2026-08. */
export type Profile = 'pr-3650' | 'master';
