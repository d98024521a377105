/* A raw epoll echo: the floor under any server of lines. It gives back each complete line of what
 * it read, in one write, and does nothing else: one wait, then for each connection that is ready
 * one read and one write. Level-triggered, one thread, no logging, no limits but MAX.
 *
 *     echo PORT
 *
 * It listens on 127.0.0.1, says so in a line, and ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, MAX = 1 << 20, READ = 16 << 10 };

/* The rest of a line whose end has not come, by descriptor. */
static char *rest[MAX];
static size_t rest_length[MAX];
static char buffer[2 * READ];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void drop(int fd) {
    free(rest[fd]);
    rest[fd] = NULL;
    rest_length[fd] = 0;
    close(fd);
}

static void serve(int fd) {
    size_t kept = rest_length[fd];
    if (kept)
        memcpy(buffer, rest[fd], kept);
    ssize_t got = read(fd, buffer + kept, READ);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        return drop(fd);
    size_t length = kept + (size_t)got;
    char *last = memrchr(buffer + kept, '\n', (size_t)got);
    size_t whole = last ? (size_t)(last - buffer) + 1 : 0;
    /* Its clients read what they are sent, so a write that does not fit ends the connection. */
    if (whole && write(fd, buffer, whole) != (ssize_t)whole)
        return drop(fd);
    size_t left = length - whole;
    if (left > READ)
        return drop(fd);
    if (left) {
        rest[fd] = realloc(rest[fd], left);
        if (!rest[fd])
            die("realloc");
        memcpy(rest[fd], buffer + whole, left);
    } else if (rest[fd]) {
        free(rest[fd]);
        rest[fd] = NULL;
    }
    rest_length[fd] = left;
}

int main(int count, char **arguments) {
    if (count != 2)
        return fprintf(stderr, "echo PORT\n"), 2;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 1024))
        die("bind");
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &event);
    event.data.fd = 0;
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
    printf("echo: 127.0.0.1:%s\n", arguments[1]);
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == 0)
                return 0;
            if (fd != door) {
                serve(fd);
                continue;
            }
            int came = accept4(door, NULL, NULL, SOCK_NONBLOCK);
            if (came < 0 || came >= MAX)
                continue;
            setsockopt(came, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event.data.fd = came;
            epoll_ctl(poll, EPOLL_CTL_ADD, came, &event);
        }
    }
}
