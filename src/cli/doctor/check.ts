/** One thing that was looked at. */
export interface Check {
  readonly name: string
  /** `missing`: nothing can be compiled or run here without it. `note`: fine either way. */
  readonly status: 'ok' | 'note' | 'warning' | 'missing'
  readonly found: string
  /** What to do about it. */
  readonly advice?: string
  readonly [fact: string]: unknown
}
