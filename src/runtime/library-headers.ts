/** What a library's headers say of its file. */
export interface LibraryHeaders {
  /** The system whose format it has, in the words of `process.platform`. */
  readonly platform: 'linux' | 'win32'
  /** Its machine in the words of `process.arch`. */
  readonly arch: string
  /** Bytes that the file must have for all that its headers speak of. */
  readonly end: number
}

/** Bytes of a file; `undefined` where it has none there. */
export type Reading = (at: number, length: number) => DataView | undefined
