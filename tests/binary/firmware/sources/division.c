/* The remainder for cores without a divide instruction (lx106), under the name that the compiler calls. */
#include <stdint.h>

/* Link-time optimisation does not see the calls: the compiler makes them last. */
uint32_t __umodsi3(uint32_t dividend, uint32_t divisor) __attribute__((used));

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
