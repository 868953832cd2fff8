/* tap.h - what the checks of the headers print: a line for each, as TAP does
 * (testanything.org), and what was expected if one has failed.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int checks, failures;

static inline void check(bool good, const char *name)
{
    checks++;
    failures += !good;
    printf("%s %d %s\n", good ? "ok" : "not ok", checks, name);
}

static inline void check_number(const char *name, long expected, long actual)
{
    check(expected == actual, name);
    if (expected != actual)
        printf("# expected %ld, actual %ld\n", expected, actual);
}

static inline void check_text(const char *name, const char *expected,
                              const char *actual)
{
    bool good = strcmp(expected, actual) == 0;
    check(good, name);
    if (!good)
        printf("# expected: %s\n# actual:   %s\n", expected, actual);
}

static inline void check_start(const char *name, const char *expected,
                               const char *actual)
{
    bool good = strncmp(expected, actual, strlen(expected)) == 0;
    check(good, name);
    if (!good)
        printf("# expected: %s...\n# actual:   %s\n", expected, actual);
}

/* Prints how many checks there were. Returns the program's exit status. */
static inline int end_checks(void)
{
    printf("1..%d\n", checks);
    return failures > 0 || fflush(stdout) != 0;
}

#endif
