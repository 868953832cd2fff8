/* kinds.h - what a thread of a server may wait in. Standard C alone: pictures
 * are also drawn where there is no /proc.
 */
#ifndef KINDS_H
#define KINDS_H

#include <string.h>

enum kind {
    GONE, /* the thread has ended */
    WORK, /* it runs, or would like to */
    ACCEPT,
    RECV,
    SEND,
    KEYBOARD,
    LOGGING,
    SELECT,
    NAP,
    LOCK,
    OTHER,
    KINDS,
};

/* Its name in records and tables, and its letter in a lane of the live view. */
static const struct {
    const char *name;
    char letter;
    const char *colour; /* an escape sequence's number */
} kinds[KINDS] = {
    [GONE] = {"end", ' ', "0"},       [WORK] = {"work", '*', "1"},
    [ACCEPT] = {"accept", 'a', "36"}, [RECV] = {"recv", 'r', "32"},
    [SEND] = {"send", '>', "31"},     [KEYBOARD] = {"keyboard", 'k', "35"},
    [LOGGING] = {"log", 'w', "31"},   [SELECT] = {"select", 'S', "34"},
    [NAP] = {"nap", 'z', "33"},       [LOCK] = {"lock", 'x', "31"},
    [OTHER] = {"other", '?', "0"},
};

/* Returns the kind of this name, or OTHER. */
static inline enum kind kind_of(const char *name)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (strcmp(kinds[kind].name, name) == 0)
            return (enum kind)kind;
    return OTHER;
}

#endif
