/* The starter of a bundle: a static program, the only file of it that the kernel itself can start.
 *
 *   ROOT/lockmaster            this program, by any name: Lockmaster
 *   ROOT/bin/python            this program as well: the bare interpreter, which is what sys.executable names
 *   ROOT/lib/LOADER, libc...   the bundle's own loader and libraries
 *   ROOT/lib/pythonX.Y/        standard library and packages
 *   ROOT/libexec/python        the interpreter's ELF file
 *
 * It needs no shell, no /proc, no /dev and no disk that can be written. It never returns: the process becomes the
 * interpreter, with the same number, so that signals reach it as if it had been started directly.
 *
 * The environment passes as it is, but for the three variables of `kept`: the image's LD_PRELOAD and LD_AUDIT must not come
 * into our C library, and Python would overwrite LC_CTYPE. They are renamed here, and start.py names them back.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define KEPT "LOCKMASTER_BUNDLE_KEPT_"

static const char *const kept[] = {"LD_PRELOAD=", "LD_AUDIT=", "LC_CTYPE="};
extern char **environ;

static int fail(const char *what, const char *detail) {
    dprintf(2, "lockmaster: %s %s: %s\n", what, detail, strerror(errno));
    return 1;
}

/* The path of this file, links resolved. Without /proc: the path that execve() was given. */
static int find_self(char *self) {
    ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);
    if (length > 0) {
        self[length] = 0;
        return 1;
    }
    const char *name = (const char *)getauxval(AT_EXECFN);
    return name && realpath(name, self);
}

/* Cut the last part off a path. The part, or NULL where there is none. */
static char *cut(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = 0;
    return slash + 1;
}

static char *below(const char *root, const char *rest) {
    char *path = malloc(strlen(root) + strlen(rest) + 1);
    if (path) {
        strcpy(path, root);
        strcat(path, rest);
    }
    return path;
}

static int rename_kept(void) {
    for (char **entry = environ; *entry; entry++)
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (!strncmp(*entry, kept[i], strlen(kept[i])) && !(*entry = below(KEPT, *entry)))
                return 0;
    return 1;
}

int main(int argc, char **argv) {
    static char root[PATH_MAX];
    if (!find_self(root))
        return fail("cannot find its own folder", argv[0] ? argv[0] : "");
    char *name = cut(root);
    int bare = 0;
    char *folder = strrchr(root, '/');
    if (name && folder && !strcmp(folder, "/bin") && !strncmp(name, "python", 6)) {
        bare = 1;
        cut(root);
    }

    char *loader = below(root, "/lib/" LOADER), *python = below(root, "/bin/python");
    char *real = below(root, "/libexec/python"), *path = malloc(2 * strlen(root) + 32);
    char **v = malloc((argc + 20) * sizeof *v);
    if (!loader || !python || !real || !path || !v || !rename_kept())
        return fail("cannot start", root);
    sprintf(path, "%s/lib:%s/extras/lib", root, root);

    /* --inhibit-cache: the image's /etc/ld.so.cache names libraries of the image.
     * --preload: nss.c. --argv0: Python finds its own folder by it. */
    int n = 0;
    v[n++] = loader;
    v[n++] = "--inhibit-cache";
    v[n++] = "--library-path";
    v[n++] = path;
    v[n++] = "--preload";
    v[n++] = "liblockmaster-nss.so";
    v[n++] = "--argv0";
    v[n++] = python;
    v[n++] = real;
    if (!bare) {
        v[n++] = "-I";
        v[n++] = "-S";
        v[n++] = "-X";
        v[n++] = "utf8";
        v[n++] = "-c";
        v[n++] = "from _bundle import main; main()";
    }
    for (int i = 1; i < argc; i++)
        v[n++] = argv[i];
    v[n] = NULL;
    execve(loader, v, environ);
    return fail("cannot start", loader);
}
