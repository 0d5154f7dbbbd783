import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** A folder of this test's own, outside the repository: no `node_modules` is above it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-hosts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

/** A link to a folder, as package managers make them. */
export async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path, 'junction')
}

/**
 * Moves a built folder away from where it was built, so that nothing can refer to its old place.
 *
 * @param name of a folder below a new one
 */
export async function moveElsewhere(outDir: string, name = ''): Promise<string> {
  const folder = join(await temporaryFolder(), name)
  await cp(outDir, folder, { recursive: true })
  await rm(outDir, { recursive: true })
  return folder
}

/** Runs a built program in a process of its own and reads the JSON that it prints. */
export async function execute(file: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: tmpdir(), maxBuffer: 64 << 20 })
  return JSON.parse(stdout)
}

/**
 * The same without any environment, as somebody who owns nothing and may write nowhere.
 *
 * @param moved the folder that it was moved to, below one of the test's own
 */
export async function executeAsStranger(file: string, moved: string): Promise<unknown> {
  const chmod = (mode: string): Promise<object> => promisify(execFile)('chmod', ['-R', mode, dirname(moved)])
  await chmod('a+rX,a-w')
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: '/', env: {}, ...nobody })
    return JSON.parse(stdout)
  } finally {
    await chmod('u+w')
  }
}

/** All files below a folder: paths relative to it, with `/`, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort()
}
