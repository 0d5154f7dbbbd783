import { resolve, sep } from 'node:path'
import type { TsConfig } from './tsconfig.ts'

/** Whether `files` or `include` without `exclude` take the file in. */
export function includes(config: TsConfig, file: string): boolean {
  if (config.files?.includes(file)) return true
  const include = config.include ?? (config.files ? [] : [resolve(config.path, '..', '**/*')])
  return !excludes(config, file) && include.some((pattern) => globExpression(pattern, 'include').test(posix(file)))
}

/** Whether `exclude` leaves the file out; it has no say about `files`. */
export function excludes(config: Pick<TsConfig, 'path' | 'exclude'>, file: string): boolean {
  return config.exclude?.some((pattern) => globExpression(pattern, 'exclude').test(posix(file))) ?? false
}

/**
 * TypeScript's globs: `*` and `?` stay within a folder, `**` spans folders, a last part without a dot or wildcard is a folder.
 * In `include`, a wildcard never begins with a dot; in `exclude`, a pattern takes everything below it with it.
 * Source: TypeScript handbook, tsconfig `include`; compiler `getSubPatternFromSpec`.
 */
function globExpression(pattern: string, usage: 'include' | 'exclude'): RegExp {
  const visible = usage === 'include' ? '(?!\\.)' : ''
  const parts = posix(pattern).split('/')
  if (usage === 'include' && !/[.*?]/.test(parts.at(-1) ?? '')) parts.push('**', '*')
  // An error in TypeScript, which then ignores the pattern.
  if (usage === 'include' && parts.at(-1) === '**') return /(?!)/
  const source = parts
    .map((part, index) => {
      const separator = index === 0 ? '' : '/'
      if (part === '**') return `(?:${separator}${visible}[^/]+)*?`
      const text = part
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '[^/]*')
        .replaceAll('?', '[^/]')
      return `${separator}${/^[*?]/.test(part) ? visible : ''}${text}`
    })
    .join('')
  return new RegExp(usage === 'include' ? `^${source}$` : `^${source}(?:/|$)`)
}

function posix(path: string): string {
  return path.replaceAll(sep, '/')
}
