/** Rank of a source: default 0, file 1, environment 2, flag 3. The highest rank wins. */
export type Rank = 0 | 1 | 2 | 3;

/** A value that some source gives for a setting, as that source has it, not yet checked. */
export interface Candidate {
  readonly value: unknown;
  /** `flag --port`, `environment RANGER_PORT`, `file /etc/ranger/ranger.toml`, `default` */
  readonly source: string;
  readonly rank: Rank;
  /** Set where the value is the path of a file that holds the setting's value. */
  readonly inFile?: boolean;
  /** Set where the source uses the setting's name of an earlier version. */
  readonly renamed?: Renaming;
}

/** A name of an earlier version and the present one, as that kind of source writes them. */
export interface Renaming {
  /** `--drain`, `RANGER_SERVER_DRAIN`, `server.drain` */
  readonly from: string;
  readonly to: string;
}

/** The problem of a source that gives a setting by its old and by its new name. */
export function bothNames({ from, to }: Renaming): string {
  return `${from} is the old name of ${to}, and both are given; expected ${to} alone`;
}

/** The problem of a source that gives a setting, and the file that holds it. */
export function bothForms(value: string, file: string): string {
  return `${value} and ${file} are both given; expected one of them`;
}
