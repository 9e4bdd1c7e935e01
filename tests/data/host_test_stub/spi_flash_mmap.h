/* A stub for the tests: nothing of it is used. */
