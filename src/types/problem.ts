/** Something that keeps a model's types from being found or exact. */
export interface TypesProblem {
  /** `error`: types are missing or wrong on this machine; `warning`: on others. */
  readonly severity: 'error' | 'warning'
  /** Stable, for programs; begins with `TYPES_`. */
  readonly code: string
  /** Says what is wrong, and the change that puts it right. */
  readonly message: string
  /** The file to look at, relative to the project. */
  readonly file: string
}

/** What a configuration has to say for the types to be found; paths as it writes them. */
export interface Settings {
  readonly allowArbitraryExtensions: true
  readonly rootDirs?: readonly string[]
  /** To be in `include` or `files`. */
  readonly entry: string
}
