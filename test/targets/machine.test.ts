import { describe, expect, it } from 'vitest'
import { machineFrom } from '../../src/targets/machine.ts'

const V2 = 'fpu sse2 cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2'
const V3 = `${V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`
const V4 = `${V3} avx512f avx512bw avx512cd avx512dq avx512vl`
const cpuinfo = (flags: string) => `processor\t: 0\nvmx flags\t: ept\nflags\t\t: ${flags}\nbugs\t\t: none\n`
const linux = (arch: string, cpu: string) => machineFrom({ arch, platform: 'linux', cpu })

describe('machineFrom', () => {
  it.each([
    ['nothing but SSE2', 'fpu sse2', 1],
    ['v2', V2, 2],
    ['v2 and AVX2 without the rest of v3', `${V2} avx avx2 fma`, 2],
    ['v3', V3, 3],
    ['v3 and AVX-512 without VL (Knights Landing)', `${V3} avx512f avx512cd`, 3],
    ['v4', V4, 4],
    ['AVX-512 flags without those of v3', `${V2} avx512f avx512bw avx512cd avx512dq avx512vl`, 2],
  ])('x86-64: %s', (_, flags, level) => {
    expect(linux('x64', cpuinfo(flags))).toEqual({ arch: 'x86-64', level })
  })

  it('x86-64: the lowest level where nothing is known', () => {
    expect(linux('x64', '')).toEqual({ arch: 'x86-64', level: 1 })
  })

  it('is of the lowest level on Windows, which does not tell, and none there on ARM', () => {
    const windows = (arch: string) => machineFrom({ arch, platform: 'win32', cpu: '' })
    expect(windows('x64')).toEqual({ arch: 'x86-64', level: 1, platform: 'win32' })
    expect(windows('arm64')).toBeNull()
  })

  it('x86-64: the words of sysctl on macOS', () => {
    const features = 'FPU SSE3 SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE OSXSAVE AVX1.0 RDRAND F16C'
    const cpu = `${features}\nBMI1 AVX2 SMEP BMI2 ERMS\nSYSCALL XD LAHF LZCNT EM64T\n`
    expect(machineFrom({ arch: 'x64', platform: 'darwin', cpu })).toEqual({
      arch: 'x86-64',
      level: 3,
      platform: 'darwin',
    })
  })

  it('is Apple silicon on other Macs', () => {
    const mac = (arch: string) => machineFrom({ arch, platform: 'darwin', cpu: '' })
    expect(mac('arm64')).toEqual({ arch: 'arm64', level: 1, platform: 'darwin' })
    expect(mac('ppc')).toBeNull()
  })

  it.each([
    ['z13', 'vx', 2964, 13],
    ['z14', 'vx vxd vxe gs', 3906, 14],
    ['z15', 'vx vxd vxe gs vxe2 vxp sort dflt', 8561, 15],
    ['z16', 'vx vxd vxe gs vxe2 vxp sort dflt vxp2 nnpa pcimio sie', 3931, 16],
    ['z16 whose hypervisor hides the accelerator', 'vx vxd vxe gs vxe2 vxp sort dflt vxp2', 3932, 16],
    ['z17', 'vx vxd vxe gs vxe2 vxp sort dflt vxp2 nnpa pcimio sie', 9175, 17],
  ])('s390x: %s', (_, features, machine, level) => {
    const cpu = `vendor_id       : IBM/S390\nfeatures\t: esan3 zarch ${features} \nprocessor 0: version = FF,  identification = 0,  machine = ${machine}\n`
    expect(linux('s390x', cpu)).toEqual({ arch: 's390x', level })
  })

  it.each([
    ['half thumb fastmult vfp edsp java tls', 6],
    ['half thumb fastmult vfp edsp neon vfpv3 tls vfpv4', 7],
  ])('arm: %s', (features, level) => {
    expect(linux('arm', `model name\t: ARM\nFeatures\t: ${features} \n`)).toEqual({ arch: 'arm', level })
  })

  it.each([
    ['rv64imafdc', 1],
    ['rv64imafdch_zicsr_zvbb', 1],
    ['rv64imafdcv_zicsr_zifencei', 2],
    ['rv64imafdcvh_zicbom', 2],
    ['rv64imafdcsvinval', 1],
  ])('riscv64: %s', (isa, level) => {
    const hart = `hart\t\t: 0\nisa\t\t: ${isa}\nmmu\t\t: sv48\nhart isa\t: rv64imafdcv\n`
    expect(linux('riscv64', `processor\t: 0\n${hart}`)).toEqual({ arch: 'riscv64', level })
    expect(linux('riscv64', `processor\t: 0\n${hart}\nprocessor\t: 1\nisa : rv64imafdc\n`)).toMatchObject({ level: 1 })
  })

  it('knows machines that are no target', () => {
    expect(linux('ppc64', '')).toBeNull()
  })
})
