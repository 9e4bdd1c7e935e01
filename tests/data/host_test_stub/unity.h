/* A stub for the tests: as much of Unity as a host test uses. */
#pragma once
#include <stdio.h>

extern int failures;
void setUp(void);
void tearDown(void);
#define TEST_ASSERT_TRUE(condition)                                  \
    do {                                                             \
        if (!(condition)) {                                          \
            printf("%d: %s\n", __LINE__, #condition);                \
            failures++;                                              \
            return;                                                  \
        }                                                            \
    } while (0)
#define TEST_ASSERT_EQUAL_INT(wanted, got) TEST_ASSERT_TRUE((int)(wanted) == (int)(got))
#define UNITY_BEGIN() ((void)0)
#define RUN_TEST(test) (setUp(), test(), tearDown())
#define UNITY_END() failures
