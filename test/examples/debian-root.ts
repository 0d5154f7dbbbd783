import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Makes a root folder for container images out of this machine's own Debian packages and those that they depend on, so that
 * nothing is downloaded. What packages do when they are installed is left out, but for the links that name the compilers.
 *
 * @throws where there is no dpkg, or a package is not installed
 */
export function makeDebianRoot(root: string, packages: readonly string[]): void {
  const files = withDependencies(packages)
    .flatMap((name) => lines('dpkg', ['--listfiles', name]))
    .filter(
      (path) => path !== '/.' && !/^\/usr\/share\/(?:doc|man|info|locale|lintian)\//.test(path) && existsSync(path),
    )
    // Packages may still name what has moved to /usr.
    .map((path) => path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/').slice(1))
  const links = ['cc', 'c++'].flatMap((name) => [`usr/bin/${name}`, `etc/alternatives/${name}`])
  for (const folder of ['tmp', 'proc', 'sys', 'dev', 'root', 'usr/local/bin'])
    mkdirSync(join(root, folder), { recursive: true })
  const list = [...new Set([...files, ...links])].filter((path) => !/^(?:bin|sbin|lib|lib64)$/.test(path)).join('\n')
  const tar = execFileSync('tar', ['-C', '/', '--no-recursion', '-T', '-', '-cf', '-'], {
    input: list,
    maxBuffer: 1 << 30,
  })
  execFileSync('tar', ['-C', root, '-xf', '-'], { input: tar })
  // Whatever it is here.
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const path = `/${name}`
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) symlinkSync(readlinkSync(path), join(root, name))
  }
}

/** Copies folders and files of this machine to other places in a root folder. */
export function copyInto(root: string, paths: Readonly<Record<string, string>>): void {
  for (const [from, to] of Object.entries(paths)) {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    execFileSync('cp', ['-a', from, join(root, to)])
  }
}

/** The image that a root folder becomes, which is then removed: it takes hundreds of megabytes. */
export function importImage(root: string, image: string, ...changes: readonly string[]): void {
  const tar = `${root}.tar`
  execFileSync('tar', ['-C', root, '-cf', tar, '.'])
  rmSync(root, { recursive: true })
  execFileSync('podman', ['import', ...changes.map((change) => `--change=${change}`), tar, image], { stdio: 'ignore' })
  rmSync(tar)
}

/** Installed packages that these need, themselves included. */
function withDependencies(packages: readonly string[]): string[] {
  const fields = ['dpkg-query', ['--show', '--showformat=${Package}\t${Pre-Depends}, ${Depends}\n']] as const
  const installed = new Map(lines(...fields).map((line) => line.split('\t') as [string, string]))
  const found = new Set<string>()
  const queue = [...packages]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const needs = installed.get(name)
    if (needs === undefined && packages.includes(name)) throw new Error(`the package ${name} is not installed`)
    if (needs === undefined || found.has(name)) continue
    found.add(name)
    // `a (>= 1) | b:any, c`: of alternatives, whichever is installed.
    queue.push(...needs.split(/[,|]/).map((need) => need.trim().split(/[ :(]/)[0] ?? ''))
  }
  return [...found]
}

function lines(command: string, args: readonly string[]): string[] {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] })
    .split('\n')
    .filter(Boolean)
}
