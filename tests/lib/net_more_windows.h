/* net_more_windows.h - see net_more.h, which alone includes this file. */
#ifndef NET_MORE_WINDOWS_H
#define NET_MORE_WINDOWS_H

static inline int net_poll(struct pollfd *list, size_t count, int ms)
{
    if (count > 0)
        return WSAPoll(list, (ULONG)count, ms);
    Sleep((DWORD)ms); /* WSAPoll takes no empty list */
    return 0;
}

static inline void net_want_sockets(size_t count)
{
    (void)count; /* nothing limits them */
}

static inline long long net_micros(void)
{
    LARGE_INTEGER ticks, second;
    (void)QueryPerformanceCounter(&ticks); /* cannot fail since Windows XP */
    (void)QueryPerformanceFrequency(&second);
    return ticks.QuadPart / second.QuadPart * 1000000 +
           ticks.QuadPart % second.QuadPart * 1000000 / second.QuadPart;
}

static DWORD net_console_mode; /* before colours were asked for */

static inline void net_restore_console_mode(void)
{
    (void)SetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), net_console_mode);
}

static inline BOOL WINAPI net_interrupt_console_mode(DWORD event)
{
    (void)event; /* it ends the program, without atexit */
    net_restore_console_mode();
    return FALSE;
}

static inline bool net_output_takes_colour(void)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    const char *no = getenv("NO_COLOR");
    if ((no != NULL && no[0] != '\0') ||
        !GetConsoleMode(output, &net_console_mode))
        return false;
    /* 4: ENABLE_VIRTUAL_TERMINAL_PROCESSING, which old headers lack. It can
     * be had since Windows 10. */
    return SetConsoleMode(output, net_console_mode | 4) != 0 &&
           atexit(net_restore_console_mode) == 0 &&
           SetConsoleCtrlHandler(net_interrupt_console_mode, TRUE) != 0;
}

#endif
