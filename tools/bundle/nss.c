/* Names of hosts and users are looked up by the bundle's own C library alone.
 *
 * An image's /etc/nsswitch.conf may name modules (mdns4, hesiod, sss, ...). glibc would load them from the image's folders into
 * a process whose C library is another one. This is preloaded by the loader's --preload, so no child process has it.
 */
extern int __nss_configure_lookup(const char *database, const char *order);

__attribute__((constructor)) static void only_our_own(void) {
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("protocols", "files");
    __nss_configure_lookup("networks", "files");
}
