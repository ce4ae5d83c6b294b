/* saecmd.h - qkdctl sae: an application's keys on the command line. */
#ifndef CTL_SAECMD_H
#define CTL_SAECMD_H

/* argv[0] is "sae". Returns the exit code. */
int	saecmd(int argc, char **argv);

#endif
