import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { gitIgnored } from '../../src/types/ignored.ts'

const asked = vi.hoisted(() => ({ times: 0 }))
/** A program that is run in git's place. */
const instead = vi.hoisted((): { git: string | undefined } => ({ git: undefined }))
vi.mock('node:child_process', async (original) => {
  const actual = await original<typeof import('node:child_process')>()
  return {
    ...actual,
    spawn: (command: string, ...args: [readonly string[], import('node:child_process').SpawnOptions]) => {
      asked.times++
      return actual.spawn(instead.git ?? command, ...args)
    },
  }
})

let root: string
let project: string
const paths = ['made/app.js', 'src/app.js']

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ignored-'))
  project = join(root, 'project')
  for (const folder of ['made', 'src', 'home', 'memo']) await mkdir(join(project, folder), { recursive: true })
  // A machine's own settings, and those of whoever runs this, have no say.
  for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) vi.stubEnv(name, undefined)
  vi.stubEnv('HOME', join(project, 'home'))
  vi.stubEnv('XDG_CONFIG_HOME', join(project, 'home'))
  for (const path of paths) await writeFile(join(project, path), '')
  await writeFile(join(project, '.gitignore'), 'made\n')
  git('init', '-q')
  git('add', 'src')
  await settled()
  asked.times = 0
})
afterEach(async () => {
  instead.git = undefined
  vi.unstubAllEnvs()
  await rm(root, { recursive: true, force: true })
})

const git = (...args: string[]) => execFileSync('git', args, { cwd: project })
/** What was written a moment ago is not remembered. */
const settled = () => new Promise((done) => setTimeout(done, 2600))
const ignored = async () => [...(await gitIgnored(project, paths, join(project, 'memo')))]

/** Elsewhere git is asked each time. */
const onLinux = test.runIf(process.platform === 'linux')

onLinux('git is asked once, and again when something changes that has a say', { timeout: 60_000 }, async () => {
  expect(await ignored()).toEqual(['made/app.js'])
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(1)

  await writeFile(join(project, 'src/.gitignore'), '*.js\n') // of what git knows it ignores nothing
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(2)

  git('rm', '-q', '--cached', 'src/app.js')
  expect(await ignored()).toEqual(paths)

  git('add', '-f', 'made/app.js')
  expect(await ignored()).toEqual(['src/app.js'])

  await mkdir(join(project, 'home/git'))
  await writeFile(join(project, '.gitignore'), '')
  await rm(join(project, 'src/.gitignore'))
  expect(await ignored()).toEqual([])
  await writeFile(join(project, 'home/git/ignore'), 'app.js\n')
  expect(await ignored()).toEqual(['src/app.js'])
})

test('git is asked each time where its settings name files of patterns', { timeout: 60_000 }, async () => {
  await appendFile(join(project, '.git/config'), `[core]\n\texcludesFile = ${join(project, 'patterns')}\n`)
  await settled()
  expect(await ignored()).toEqual(['made/app.js'])
  await writeFile(join(project, 'patterns'), 'none\n')
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(2)
})

onLinux('the settings of one work tree are settings', { timeout: 60_000 }, async () => {
  git('config', 'extensions.worktreeConfig', 'true')
  await settled()
  await ignored()
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(1)
  await writeFile(join(project, 'patterns'), 'app.js\n')
  git('config', '--worktree', 'core.excludesFile', join(project, 'patterns'))
  await settled()
  expect(await ignored()).toEqual(['made/app.js'])
  git('rm', '-q', '--cached', 'src/app.js')
  await settled()
  expect(await ignored()).toEqual(paths)
  await writeFile(join(project, 'patterns'), 'none\n')
  expect(await ignored()).toEqual(['made/app.js'])
})

/** Programs that are found as git, and what becomes of a question then. */
const noAnswers: Readonly<Record<string, string>> = {
  'ends with an error, as it does for a repository of somebody else': 'exit 128',
  'is killed': 'kill -9 $$',
  'is no program': '',
}

test.each(Object.entries(noAnswers))('no answer is not remembered: git %s', { timeout: 60_000 }, async (_, script) => {
  // Found first by what runs it, and not by what looks where git is: as if the usual one did so.
  const folder = join(root, 'bin')
  await mkdir(folder)
  instead.git = join(folder, 'git')
  if (script) await writeFile(instead.git, `#!/bin/sh\n${script}\n`)
  if (script) await chmod(instead.git, 0o755)
  expect(await ignored()).toEqual([])
  instead.git = undefined
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(2)
})

test('without git nothing is ignored, until it is there', async () => {
  const path = process.env['PATH']
  vi.stubEnv('PATH', join(root, 'nothing'))
  expect(await ignored()).toEqual([])
  vi.stubEnv('PATH', path)
  expect(await ignored()).toEqual(['made/app.js'])
})

test('a git from elsewhere has settings elsewhere, and is asked each time', { timeout: 60_000 }, async () => {
  const folder = join(root, 'bin')
  await mkdir(folder)
  await writeFile(join(folder, 'git'), '#!/bin/sh\nexec /usr/bin/git -c core.excludesFile="$PATTERNS" "$@"\n')
  await chmod(join(folder, 'git'), 0o755)
  vi.stubEnv('PATH', [folder, process.env['PATH']].join(delimiter))
  vi.stubEnv('PATTERNS', join(project, 'patterns'))
  git('rm', '-q', '--cached', 'src/app.js')
  await writeFile(join(project, 'patterns'), 'app.js\n')
  await settled()
  expect(await ignored()).toEqual(paths)
  await writeFile(join(project, 'patterns'), '')
  expect(await ignored()).toEqual(['made/app.js'])
})

onLinux('variables that editors and CI set have no say', async () => {
  await ignored()
  for (const name of ['ASKPASS', 'SSL_CAINFO', 'SSH_COMMAND', 'AUTHOR_NAME', 'EDITOR', 'PAGER', 'TERMINAL_PROMPT'])
    vi.stubEnv(`GIT_${name}`, 'any')
  expect(await ignored()).toEqual(['made/app.js'])
  expect(asked.times).toBe(1)
})

test('variables that lead git elsewhere have it asked each time', { timeout: 60_000 }, async () => {
  await ignored()
  await writeFile(join(root, 'patterns'), 'src\n')
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{ GIT_INDEX_FILE: join(root, 'no-index') }, ['made/app.js']],
    [{ GIT_DIR: join(root, 'none') }, []],
    [{ GIT_WORK_TREE: join(project, 'src') }, []],
    [{ GIT_CEILING_DIRECTORIES: root }, ['made/app.js']],
    [{ GIT_CONFIG_GLOBAL: '/dev/null' }, ['made/app.js']],
    [{ GIT_ICASE_PATHSPECS: '1' }, []], // an error for this command
    [
      {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.excludesFile',
        GIT_CONFIG_VALUE_0: join(root, 'patterns'),
        GIT_INDEX_FILE: join(root, 'no-index'),
      },
      paths,
    ],
  ]
  for (const [variables, expected] of cases) {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    asked.times = 0
    expect([await ignored(), asked.times], JSON.stringify(variables)).toEqual([expected, 1])
    for (const name of Object.keys(variables)) vi.stubEnv(name, undefined)
  }
})

test('other paths are another question', { timeout: 60_000 }, async () => {
  await ignored()
  expect([...(await gitIgnored(project, ['made/other.js'], join(project, 'memo')))]).toEqual(['made/other.js'])
  expect([...(await gitIgnored(join(project, 'made'), ['app.js'], join(project, 'memo')))]).toEqual(['app.js'])
})
