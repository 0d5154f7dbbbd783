import { createHash } from 'node:crypto'
import { read as readCallback } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'

// Gigabytes of weights are read and hashed in pieces of a few milliseconds, so that a bundler's event loop goes on and an
// abort is noticed.

const read = promisify(readCallback)
const pieceBytes = 2 ** 22

/**
 * Fills `target` from `offset` of an open file. Gives the number of bytes there were, less where the file ends before.
 *
 * @throws the signal's reason when aborted
 */
export async function readRange(fd: number, target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
  let done = 0
  while (done < target.length) {
    signal?.throwIfAborted()
    const { bytesRead } = await read(fd, target, done, Math.min(target.length - done, pieceBytes), offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/** Hex digest of the first `bytes` bytes of an open file. @throws the signal's reason when aborted */
export async function hashRange(
  algorithm: 'sha256' | 'sha1',
  { fd, bytes }: { readonly fd: number; readonly bytes: number },
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm)
  const piece = new Uint8Array(Math.min(bytes, pieceBytes))
  for (let at = 0; at < bytes;) {
    const got = await readRange(fd, piece.subarray(0, Math.min(piece.length, bytes - at)), at, signal)
    if (got === 0) break
    hash.update(piece.subarray(0, got))
    at += got
  }
  return hash.digest('hex')
}

/** sha256 of bytes in memory, hex. @throws the signal's reason when aborted */
export async function hashBytes(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await nextTurn()
    signal?.throwIfAborted()
    hash.update(bytes.subarray(at, at + pieceBytes))
  }
  return hash.digest('hex')
}
