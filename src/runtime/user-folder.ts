import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, sep } from 'node:path'

/** Where this user keeps what can be made anew. */
export function userCache(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? below(homedir(), 'AppData', 'Local')
  if (process.platform === 'darwin') return below(homedir(), 'Library', 'Caches')
  // The XDG specification has relative values ignored.
  const xdg = env['XDG_CACHE_HOME']
  return xdg?.startsWith('/') ? xdg : below(homedir(), '.cache')
}

/**
 * A path below a folder of the machine that a program runs on. Not `path.join()`: what packs a program with the files that it
 * reads (`@vercel/nft`, in adapters for Vercel and Netlify, in Next.js) works out that call on the machine that builds, and would
 * take along the folder of whoever does.
 */
export function below(folder: string, ...names: readonly string[]): string {
  return [folder, ...names].join(sep)
}

/**
 * Makes a folder and those above it. Not the `recursive` of `mkdirSync`: that never ends where the system says that there is no
 * such file as a folder to be made, in /proc and below mount points of automounters, which a HOME that isn't there can be.
 */
export function makeFolders(folder: string, mode?: number): void {
  if (existsSync(folder)) return
  makeFolders(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
