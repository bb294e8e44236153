/** Where a value came from, by what it outranks: default 0, file 1, environment 2, flag 3. */
export type Rank = 0 | 1 | 2 | 3;

/** A value that some source gives for a setting, as that source has it, not yet checked. */
export interface Candidate {
  readonly value: unknown;
  /** `flag --port`, `environment RANGER_PORT`, `file /etc/ranger/ranger.toml`, `default` */
  readonly source: string;
  readonly rank: Rank;
}
