import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The folder of the nearest package.json, from `start` up; `undefined` where there is none. */
export function nearestPackage(start: string): string | undefined {
  return nearestWith('package.json', start)
}

/** The nearest folder that has an entry of this name, from `start` up; `undefined` where there is none. */
export function nearestWith(name: string, start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** The same; `start` where there is none. */
export function nearestProject(start: string): string {
  return nearestPackage(start) ?? start
}
