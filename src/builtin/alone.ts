/**
 * What compiles the addon so that it is linked with no library at all: what it needs of the C++ library is in
 * native/addon/runtime.h, and it asks for a few old functions of the C library, which the program that loads it has. The
 * prebuilt addons are made so (scripts/prebuild.js), and each for Windows.
 */
export const aloneFlags: readonly string[] = [
  ...words(`-std=c++17 -O2 -shared -fvisibility=hidden -ffunction-sections -fdata-sections -Wno-psabi`),
  ...words(`-DOM_ADDON_ALONE -DNAPI_VERSION=8 -DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED -Wl,--gc-sections -Wl,-s`),
  // Without each of these it would call what only one C or C++ library has.
  ...words(`-fno-exceptions -fno-rtti -fno-unwind-tables -fno-asynchronous-unwind-tables -fno-stack-protector`),
  ...words(`-fno-threadsafe-statics -U_FORTIFY_SOURCE`),
  // A call's way through it is no loop: 2 to 5 kB of 60 to 90.
  ...words(`-fno-align-functions -fno-align-loops -fno-align-jumps`),
]

/** Further flags for Windows, by MinGW. Node-API is found in the program that loads the addon, see native/addon/host-program.h. */
export const windowsAddonFlags = {
  machine: words(`-march=x86-64 -static`),
  // Behind the source. Neither when it was made nor where comes into the file.
  link: words(`-ldelayimp -Wl,--no-insert-timestamp -Wl,--disable-auto-image-base`),
} as const

/**
 * Arguments of `dlltool`: each makes an import library of Node from a list of its functions.
 *
 * @param headers folder of the package node-api-headers
 */
export function nodeImports(
  headers: string,
): readonly { readonly library: string; readonly args: readonly string[] }[] {
  return ['js_native_api', 'node_api'].map((name) => {
    const library = `lib${name}.a`
    const names = `${headers}/def/${name}.def`
    // What it calls its temporary files comes into the library: else, the number of its process.
    const temporary = ['--temp-prefix', name]
    return {
      library,
      args: [...temporary, '--input-def', names, '--dllname', 'node.exe', '--output-delaylib', library],
    }
  })
}

function words(text: string): string[] {
  return text.split(' ')
}
