/* One small fault a build: -DFAULT_<name>=1 takes the second word of FAULT(<name>, broken, right) in place of the third.
 *
 * Without the definition the right code is compiled, letter for letter. firmware_faults.py tells what each fault breaks. */
#pragma once

#define FAULT(name, broken, right) FAULT_EXPANDED(FAULT_##name, broken, right)
#define FAULT_EXPANDED(chosen, broken, right) FAULT_LISTED(chosen, broken, right)
#define FAULT_LISTED(chosen, broken, right) FAULT_SECOND(FAULT_SHIFT_##chosen broken, right, )
#define FAULT_SECOND(...) FAULT_TAKE(__VA_ARGS__)
#define FAULT_TAKE(first, second, ...) second
#define FAULT_SHIFT_1 ,
