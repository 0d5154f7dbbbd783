import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** A command of `CC` or `CXX`, program and arguments. A path may hold spaces, so the whole text is tried as one before it is cut into program and arguments. */
export function splitCommand(text: string): readonly string[] {
  return isProgram(text) ? [text] : text.split(/\s+/)
}

/** Absolute path of a program by its name on PATH, or by a path of its own. */
export function which(name: string, env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  const extensions = process.platform === 'win32' ? ['', '.exe', '.cmd'] : ['']
  const folders = isAbsolute(name) || /[\\/]/.test(name) ? [''] : (env['PATH'] ?? '').split(delimiter).filter(Boolean)
  for (const folder of folders) {
    for (const extension of extensions) {
      const path = resolve(join(folder, name + extension))
      if (isProgram(path)) return path
    }
  }
  return undefined
}

/** Whether there is a file that may be run. */
export function isProgram(path: string): boolean {
  try {
    // In most folders of PATH it isn't, and to ask this way costs no exception. A folder is executable, too.
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What clangs are called: the usual one, those by their version, newest first, and Homebrew's, which are not on PATH. */
export const clangs: readonly string[] = [
  'clang',
  ...Array.from({ length: 14 }, (_, i) => `clang-${25 - i}`),
  '/opt/homebrew/opt/llvm/bin/clang',
  '/usr/local/opt/llvm/bin/clang',
]
