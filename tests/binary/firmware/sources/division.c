/* The remainder for a compiler that knows of no divide instruction (lx106), under the name that it calls. On Xtensa it is
 * the instruction of the ESP32's cores, which traps where the divisor is 0. */
#include <stdint.h>

/* Link-time optimisation does not see the calls: the compiler makes them last. */
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor) __attribute__((used));

#ifdef __XTENSA__
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor)
{
    register uint32_t left __asm__("a2") = dividend;
    register uint32_t right __asm__("a3") = divisor;
    __asm__ volatile(".byte 0x30, 0x22, 0xE2 /* remu a2, a2, a3 */" : "+r"(left) : "r"(right));
    return left;
}
#else
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor)
{
    uint32_t remainder = 0;
    for (int bit = 31; bit >= 0; --bit) {
        const uint32_t carry = remainder >> 31;
        remainder = remainder << 1 | (dividend >> bit & 1);
        if (carry || remainder >= divisor) {
            remainder -= divisor;
        }
    }
    return remainder;
}
#endif
