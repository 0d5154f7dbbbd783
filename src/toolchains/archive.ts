import { isAbsolute } from 'node:path'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import type { Toolchain } from './toolchain.ts'
import { which } from './programs.ts'
import { runCompiler } from './spawn.ts'

/**
 * Makes a static library of object files in `folder`, by the archiver that belongs to their compiler: one that knows the machine can
 * write the index that linkers ask for.
 *
 * @throws EnvironmentError `ENVIRONMENT_NO_ARCHIVER`, CompileError `COMPILE_ARCHIVE`
 */
export async function archiveObjects(
  toolchain: Toolchain,
  name: string,
  objects: readonly string[],
  { folder, signal }: { readonly folder: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const archiver = await archiverOf(toolchain)
  const { status, stderr } = await runCompiler(archiver, ['rcs', name, ...objects], { cwd: folder, signal })
  if (status === 0) return
  throw new CompileError('COMPILE_ARCHIVE', `${archiver} can't make ${name}: ${stderr.trim().split('\n')[0]}`, {
    archiver,
  })
}

/** GCC and clang tell where theirs is: a path, or a name that is none where there is none. */
async function archiverOf({ command, family, machine }: Toolchain): Promise<string> {
  for (const name of family === 'clang' ? ['llvm-ar', 'ar'] : ['ar']) {
    const { stdout } = await runCompiler(command, [`-print-prog-name=${name}`])
    const told = stdout.trim()
    const found = isAbsolute(told) ? told : which(told || name, process.env)
    if (found !== undefined) return found
  }
  const message = `There is no archiver beside ${command.join(' ')}, the compiler for ${machine}: install its binutils (for clang: llvm), or make an object file with --emit obj.`
  throw new EnvironmentError('ENVIRONMENT_NO_ARCHIVER', message, { compiler: command })
}
