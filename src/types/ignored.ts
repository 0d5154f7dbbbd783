import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { rememberByStats } from '../cache/file-memo.ts'
import { nearestWith } from '../cache/nearest-package.ts'

/**
 * Which of a project's files git ignores: output of builds, whatever its folder's name is. Files that git knows are none of
 * these, even where a pattern matches them. Without git, or outside of a repository, none.
 *
 * @param paths relative to the root, with `/`
 * @param memoFolder where git's answer is remembered until a file changes that has a say in it
 */
export async function gitIgnored(
  root: string,
  paths: readonly string[],
  memoFolder?: string,
): Promise<ReadonlySet<string>> {
  const repository = nearestWith('.git', root)
  if (paths.length === 0 || repository === undefined) return new Set()
  const rules = ruleFiles(repository, root, paths)
  let listed = ''
  const answer = async (): Promise<string | undefined> => {
    const said = await ask(root, paths)
    listed = said.listed
    return said.isWhole ? listed : undefined
  }
  const known =
    rules === undefined
      ? await answer()
      : await rememberByStats(memoFolder, `ignored ${JSON.stringify([root, paths])}`, rules, answer)
  return new Set((known ?? listed).split('\0').filter(Boolean))
}

interface Said {
  readonly listed: string
  /** Not that of a git which isn't there, was killed, or refused: what that one would say may change with none of the files. */
  readonly isWhole: boolean
}

async function ask(root: string, paths: readonly string[]): Promise<Said> {
  const { spawn } = await import('node:child_process')
  return new Promise((done) => {
    const git = spawn('git', ['check-ignore', '-z', '--stdin'], { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] })
    let listed = ''
    git.stdout.setEncoding('utf8').on('data', (text: string) => (listed += text))
    git.on('error', () => done({ listed: '', isWhole: false }))
    // 1 is that none of them is ignored.
    git.on('close', (code) => done({ listed, isWhole: code === 0 || code === 1 }))
    // A git that ends early closes the pipe.
    git.stdin.on('error', () => undefined).end(paths.join('\0'))
  })
}

/** What changes where git looks, or how it reads a path: git(1), git-config(1). Editors and CI set many others. */
const decisive =
  /^GIT_(?:DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|CONFIG.*|\w+_PATHSPECS)$/

/** In settings: files of patterns or further settings, or a work tree elsewhere. */
const leadsElsewhere = /excludesfile|\bworktree\s*=|\[include/i

/**
 * All files that have a say in what git ignores, whether they are there or not: patterns, the list of what it knows, its
 * settings, and the program. `undefined` where there may be further ones.
 */
function ruleFiles(repository: string, root: string, paths: readonly string[]): string[] | undefined {
  const git = join(repository, '.git')
  const user = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
  const settings = [
    join(git, 'config'),
    join(git, 'config.worktree'),
    join(homedir(), '.gitconfig'),
    join(user, 'git/config'),
    '/etc/gitconfig',
  ]
  // A work tree of several has its index where `.git` leads.
  const isPlain =
    existsSync(join(git, 'index')) &&
    !existsSync(join(git, 'commondir')) &&
    isDistributions(root) &&
    !Object.keys(process.env).some((name) => decisive.test(name))
  if (!isPlain || settings.some((file) => leadsElsewhere.test(textOf(file)))) return undefined
  const folders = new Set(paths.flatMap((path) => foldersAbove(join(root, path), repository)))
  return [
    ...settings,
    distributions,
    join(git, 'index'),
    join(git, 'info/exclude'),
    join(user, 'git/ignore'),
    ...[...folders].map((folder) => join(folder, '.gitignore')),
  ]
}

/** Reads `/etc/gitconfig`. Others have the system's settings where they were built to: Homebrew's, Xcode's, Nix's. */
const distributions = '/usr/bin/git'

function isDistributions(root: string): boolean {
  if (process.platform !== 'linux') return false
  const found = process.env['PATH']?.split(delimiter).map((folder) => resolve(root, folder, 'git'))
  const first = found?.find((path) => existsSync(path))
  return first !== undefined && realpathSync(first) === distributions
}

function foldersAbove(path: string, last: string): string[] {
  const folder = dirname(path)
  return folder === last || folder === dirname(folder) ? [folder] : [folder, ...foldersAbove(folder, last)]
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
