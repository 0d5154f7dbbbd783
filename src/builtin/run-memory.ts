import type { Plan } from './plan.ts'

/** C of the memory of a run whose size only the run knows. */
export interface RunMemory {
  /** Stands before the function. */
  readonly kept: string
  readonly declared: string
  readonly released: string
}

/**
 * @param options.isKept the run leaves it to the next one, see native/kernels/kept.h
 */
export function runMemory(
  { slots, lists }: Plan,
  { makesTexts, isKept }: { readonly makesTexts: boolean; readonly isKept: boolean },
): RunMemory {
  const parts = [
    ...(slots === 0 ? [] : [isKept ? keptSlots(slots) : ownSlots(slots)]),
    ...(lists === 0 ? [] : [own(`  om_list lists[${lists}] = {{0}};\n`, `  om_release_lists(lists, ${lists});\n`)]),
    ...(makesTexts ? [own('  om_texts texts = {0};\n', '  om_free_texts(&texts);\n')] : []),
  ]
  const all = (part: keyof RunMemory): string => parts.map((memory) => memory[part]).join('')
  return { kept: all('kept'), declared: all('declared'), released: all('released') }
}

function own(declared: string, released: string): RunMemory {
  return { kept: '', declared, released }
}

function ownSlots(count: number): RunMemory {
  return own(`  om_slot slots[${count}] = {{0}};\n`, `  om_release(slots, ${count});\n`)
}

function keptSlots(count: number): RunMemory {
  return {
    kept: `static om_slot om_memory_slots[OM_KEPT_RUNS * ${count}];
static om_kept om_memory = {.slots = om_memory_slots, .count = ${count}};
void om_forget(void);
OM_EXPORT(om_forget) __attribute__((destructor)) void om_forget(void) { om_drop_kept(&om_memory, false); }

`,
    declared: `  om_slot fresh[${count}] = {{0}}, *const slots = om_take_slots(&om_memory, fresh);\n`,
    released: '  om_give_slots(&om_memory, slots, fresh);\n',
  }
}
