/* console.c - a Windows program that runs another one in the same console, and
 * looks whether the console is afterwards what it was before.
 *
 *     wine console.exe RESULT end|break PROGRAM [ARGUMENT...]
 *
 * `end`: PROGRAM ends by itself. `break`: as soon as it has changed the console
 * it is interrupted, as by Ctrl-C. An argument PORT becomes the port of a
 * listener that serves nobody. RESULT is a file, since what stands in a console
 * cannot be read by a script. It gets a line: "changed, put back". */
#include <winsock2.h>

#include <windows.h>

#include <stdio.h>
#include <string.h>

enum { PAGE = 437, LIMIT_MS = 30000, STEP_MS = 10 };

struct state {
    UINT page;
    DWORD mode;
};

static struct state look(HANDLE console)
{
    struct state now = {GetConsoleOutputCP(), 0};
    GetConsoleMode(console, &now.mode);
    return now;
}

static int same(struct state a, struct state b)
{
    return a.page == b.page && a.mode == b.mode;
}

static int listener_port(void)
{
    WSADATA data;
    struct sockaddr_in at = {0};
    int size = sizeof at;
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return 0;
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, size) != 0 ||
        listen(listener, 5) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return 0;
    return ntohs(at.sin_port);
}

/* Returns whether the program was seen to change the console; -1 if it has not
 * ended. */
static int watch(HANDLE console, struct state before, PROCESS_INFORMATION run,
                 int interrupt)
{
    int changed = 0;
    for (int ms = 0; ms < LIMIT_MS; ms += STEP_MS) {
        if (!changed && !same(look(console), before)) {
            changed = 1;
            if (interrupt)
                GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
        }
        if (WaitForSingleObject(run.hProcess, STEP_MS) == WAIT_OBJECT_0)
            return changed;
    }
    TerminateProcess(run.hProcess, 1);
    return -1;
}

/* Ctrl-C comes to all programs of a console. This one stays. */
static BOOL WINAPI stay(DWORD event)
{
    return event == CTRL_C_EVENT;
}

int main(int argc, char **argv)
{
    STARTUPINFOA start = {0};
    PROCESS_INFORMATION run;
    char command[1024] = "", port[16];
    FILE *result = argc > 3 ? fopen(argv[1], "w") : NULL;
    HANDLE console = CreateFileA("CONOUT$", GENERIC_READ | GENERIC_WRITE,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                 OPEN_EXISTING, 0, NULL);
    if (result == NULL)
        return 2;
    snprintf(port, sizeof port, "%d", listener_port());
    for (int i = 3; i < argc; i++) {
        strcat(command, strcmp(argv[i], "PORT") == 0 ? port : argv[i]);
        strcat(command, " ");
    }
    SetConsoleCtrlHandler(stay, TRUE);
    SetConsoleOutputCP(PAGE);
    struct state before = look(console);
    start.cb = sizeof start;
    if (before.page != PAGE || !CreateProcessA(NULL, command, NULL, NULL, TRUE,
                                               0, NULL, NULL, &start, &run)) {
        fprintf(result, "no console, or no program: %s\n", command);
        return 1;
    }
    int changed = watch(console, before, run, strcmp(argv[2], "break") == 0);
    struct state after = look(console);
    if (changed < 0)
        fprintf(result, "it does not end\n");
    else
        fprintf(result, "%s, %s\n", changed ? "changed" : "not seen to change",
                same(after, before) ? "put back" : "not put back");
    return fclose(result) == 0 ? 0 : 1;
}
