/** How far a backup or a restore is. Bytes are those of the rows' text, before compression. */
export interface BackupProgress {
  table: string;
  rows: number;
  totalRows: number;
  bytes: number;
}

/** Called for each chunk, a few hundred times a second: whoever shows it decides how often. */
export type ReportProgress = (progress: BackupProgress) => void;
