import { extname } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import type { AddonOptions } from '../builtin/addon.ts'
import { prebuiltAddon, prebuiltAddonFor } from '../builtin/prebuilt-addon.ts'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import { readElfIdentity } from '../onnx-mlir/elf.ts'
import { isOfMachine, resolveTarget, type Target, thisMachine } from '../targets/index.ts'

/**
 * The addon that loads a library, for the library's machine: an output folder runs there, wherever it was built.
 * Another machine's comes from a cross compiler; without one it is the source, which is compiled there at the first load, but for Windows.
 *
 * @returns absolute path of a `.node` or a `.cc` file
 * @throws EnvironmentError, CompileError as `buildAddon`
 */
export async function addonFor({ library, target }: Artifact, options: Omit<AddonOptions, 'cxx'>): Promise<string> {
  // What the library is decides, not what was asked for: macOS makes Linux libraries too, with a container.
  const machine = resolveTarget(target)
  const elf = await readElfIdentity(library)
  const isOfHere = elf?.machine === thisMachine()?.arch && process.platform === 'linux'
  const isHere = machine.platform ? isOfMachine(machine) : elf === undefined || isOfHere
  const prebuilt = isHere ? prebuiltAddon() : isCrossable(machine) ? prebuiltAddonFor(machine) : undefined
  if (prebuilt !== undefined) return prebuilt
  // What compiles them is not loaded where they came with the package.
  const { buildAddon, crossBuildAddon, writeAddonSource } = await import('../builtin/addon.ts')
  if (isHere) return buildAddon(options)
  if (!isCrossable(machine)) return writeAddonSource(options)
  try {
    return await crossBuildAddon(machine, options)
  } catch (error) {
    const isOurs = error instanceof CompileError || error instanceof EnvironmentError
    // On Windows nobody compiles.
    if (!isOurs || error.code === 'ENVIRONMENT_DISK' || machine.platform === 'win32') throw error
    return writeAddonSource(options)
  }
}

/** The usual cross compilers for ARM bring a C++ library of ARMv7, which is no use on ARMv6. */
const isCrossable = ({ name }: Target): boolean => name !== 'armv6'

/** What whoever builds should know of an addon that has still to be compiled; nothing otherwise. */
export function addonNote(addon: string, targetName: string): string | undefined {
  if (extname(addon) !== '.cc') return undefined
  const target = resolveTarget(targetName)
  const there =
    `No C++ compiler for ${target.name} found, so the output holds the source of the addon: the program compiles it ` +
    `once, when it first loads a model, and needs a C++ compiler there.`
  const [prefix] = target.crossPrefixes
  return isCrossable(target) && prefix !== undefined
    ? `${there} With ${prefix}g++ installed here, it is compiled here.`
    : there
}
