/* timeline.c - draws what clients and a server's threads went through at the
 * same time: as text, as a table, or as a picture.
 *
 * The idea: the crowd dates what happens to its clients (--rows), the watcher
 * what a server's threads wait in (--record), by the same clock. Here the two
 * come together. For a chapter NAME they are in NAME.rows and NAME.lanes;
 * without the latter there are no lanes.
 *
 * Try it:  make demo, make pictures
 */
#include "text.h"
#include "svg.h"

static const char usage[] =
    "usage: timeline lanes NAME           the server's lanes, as lines of "
    "text\n"
    "       timeline shares NAME...       the time that each call took, as a "
    "table\n"
    "       timeline svg TITLE NAME...    all as one picture\n";

enum { MOST_CHAPTERS = 8 };

int main(int argc, char **argv)
{
    static struct chapter *chapters[MOST_CHAPTERS];
    bool svg = argc > 3 && strcmp(argv[1], "svg") == 0;
    int first = svg ? 3 : 2, count = argc - first;
    bool lanes = argc == 3 && strcmp(argv[1], "lanes") == 0;
    bool shares = argc > 2 && strcmp(argv[1], "shares") == 0;
    if (!(svg || lanes || shares) || count > MOST_CHAPTERS) {
        (void)fputs(usage, stderr);
        return 2;
    }
    for (int i = 0; i < count; i++)
        if ((chapters[i] = read_chapter(argv[first + i])) == NULL)
            return 1;
    if (svg)
        write_svg(stdout, argv[2], chapters, count);
    else if (lanes)
        write_lanes(stdout, chapters[0]);
    else
        write_shares(stdout, argv + first, chapters, count);
    for (int i = 0; i < count; i++)
        free(chapters[i]);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    (void)fputs("timeline: cannot write to standard output\n", stderr);
    return 1;
}
