// Compiles the addon for every platform that it comes prebuilt for, as `prepack` does, so that nothing binary is committed.
//
//   node scripts/prebuild.js [--out FOLDER] [--only PLATFORM,…] [--keep] [--all] [--remove]
//
// Without a platform's toolchain its addon is left out, and those users compile it. With --all, in CI (CI=true) and for
// `npm publish` that is an error: what is published has all of them. With --keep, those that are there of the same sources
// are not made again. They are removed when the package is packed, so that a
// working tree compiles its own.
//
// The addons are linked with no library at all. What they need of the C++ library is in native/addon/runtime.h, and they
// ask for a few old functions of the C library, without a version; the program that loads them has all of these. So one
// file serves every glibc, musl, Node, Electron and Bun of a platform. Of Windows they need what is a part of it: kernel32
// and msvcrt; Node-API is found in the program that loads them, see native/addon/host-program.h.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { aloneFlags, nodeImports, windowsAddonFlags } from '../dist/builtin/alone.js'
import { addonSourcesHash, headerPackageNames } from '../dist/builtin/prebuilt-addon.js'

const addon = fileURLToPath(new URL('../native/addon/', import.meta.url))
const headers = join(folderOf('node-api-headers'), 'include')

/** Each for the least machine of its arch. */
const platforms = {
  'linux-x64': {
    compilers: ['x86_64-linux-gnu-g++', 'g++'],
    debian: 'g++-x86-64-linux-gnu',
    flags: ['-march=x86-64'],
  },
  'linux-arm64': {
    compilers: ['aarch64-linux-gnu-g++', 'g++'],
    debian: 'g++-aarch64-linux-gnu',
    // Pages may have 64 kB there: more code than that, as -O2 makes, would put 60 kB of nothing before its data.
    flags: ['-march=armv8-a', '-mno-outline-atomics', '-Os'],
  },
  'linux-arm': {
    compilers: ['arm-linux-gnueabihf-g++'],
    debian: 'g++-arm-linux-gnueabihf',
    flags: ['-march=armv7-a+fp', '-mfloat-abi=hard', '-mthumb'],
  },
  'linux-s390x': {
    compilers: ['s390x-linux-gnu-g++', 'g++'],
    debian: 'g++-s390x-linux-gnu',
    flags: ['-march=z13'],
  },
  'win32-x64': {
    compilers: ['x86_64-w64-mingw32-gcc'],
    debian: 'g++-mingw-w64-x86-64-posix',
    flags: windowsAddonFlags.machine,
    link: linkForWindows,
  },
}

const flagsOfElf = words(`
  -fPIC -nostdlib -Wl,--build-id=none -Wl,-z,nodelete -Wl,-z,noexecstack -Wl,-z,relro,-z,now -Wl,-z,noseparate-code`)

/** All that others may see of it; the C++ library's templates would be among it else. */
const exported = '{ global: napi_register_module_v1; node_api_module_get_api_version_v1; local: *; };\n'

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean' },
    all: { type: 'boolean' },
    remove: { type: 'boolean' },
  },
})
const out = options.out ?? join(addon, 'prebuilds')
const wanted = options.only?.split(',') ?? Object.keys(platforms)
const isComplete = options.all || process.env.CI === 'true' || process.env.npm_command === 'publish'

const kept = options.keep ? addonsOfSameSources() : {}
if (Object.keys(kept).length === 0) rmSync(out, { recursive: true, force: true })
if (options.remove) process.exit()
mkdirSync(out, { recursive: true })
const made = {}
const missing = []
for (const platform of wanted) {
  const built = kept[platform] ?? build(platform)
  if (built === undefined) missing.push(platform)
  else made[platform] = built
}
const manifest = {
  sources: addonSourcesHash(),
  headers: Object.fromEntries(headerPackageNames.map((name) => [name, versionOfPackage(name)])),
  addons: made,
}
writeFileSync(join(out, 'prebuilds.json'), `${JSON.stringify(manifest, null, 2)}\n`)
for (const [platform, { compiler, bytes }] of Object.entries(made))
  console.log(`${platform}: ${bytes} bytes, ${compiler}`)
if (missing.length > 0) {
  const packages = missing.map((platform) => platforms[platform].debian).join(' ')
  console.log(`left out for want of a cross compiler: ${missing.join(', ')}. Debian: apt-get install ${packages}`)
  if (isComplete) process.exitCode = 1
}

/** What the manifest says of those that are there, and whole. */
function addonsOfSameSources() {
  const file = join(out, 'prebuilds.json')
  const { sources, addons } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  if (sources !== addonSourcesHash()) return {}
  const isWhole = ([platform, { sha256 }]) => {
    const addon = join(out, `${platform}.node`)
    return existsSync(addon) && sha256Of(readFileSync(addon)) === sha256
  }
  return Object.fromEntries(Object.entries(addons).filter(isWhole))
}

function sha256Of(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What the manifest says of an addon; `undefined` without a compiler for it. */
function build(platform) {
  const { compilers, flags: machine, link = linkForLinux } = platforms[platform]
  const compiler = compilers.find((name) => makesFor(name, compilers[0].replace(/-[^-]*$/, '')))
  if (compiler === undefined) return undefined
  const staging = mkdtempSync(join(tmpdir(), 'addon-'))
  try {
    const file = join(out, `${platform}.node`)
    const inputs = [
      '-isystem',
      headers,
      '-isystem',
      folderOf('node-addon-api'),
      'addon.cc',
      ...link(staging),
      '-o',
      file,
    ]
    const { status } = spawnSync(compiler, [...aloneFlags, ...machine, ...inputs], {
      cwd: addon,
      stdio: 'inherit',
    })
    if (status !== 0) throw new Error(`${compiler} can't compile the addon for ${platform}`)
    const bytes = readFileSync(file)
    return { compiler: versionOf(compiler), sha256: sha256Of(bytes), bytes: bytes.length }
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function linkForLinux(staging) {
  const symbols = join(staging, 'exported.map')
  writeFileSync(symbols, exported)
  return [...flagsOfElf, `-Wl,--version-script=${symbols}`, '-lgcc']
}

function linkForWindows(staging) {
  for (const { library, args } of nodeImports(folderOf('node-api-headers'))) {
    const { status } = spawnSync('x86_64-w64-mingw32-dlltool', args, { cwd: staging, stdio: 'inherit' })
    if (status !== 0) throw new Error(`x86_64-w64-mingw32-dlltool makes no ${library}`)
  }
  return [...nodeImports('').map(({ library }) => join(staging, library)), ...windowsAddonFlags.link]
}

function folderOf(name) {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
}

function versionOfPackage(name) {
  return JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')).version
}

function makesFor(compiler, triple) {
  const { status, stdout } = spawnSync(compiler, ['-dumpmachine'], { encoding: 'utf8' })
  return status === 0 && stdout.trim() === triple
}

function versionOf(compiler) {
  return spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]
}

function words(text) {
  return text.trim().split(/\s+/)
}
