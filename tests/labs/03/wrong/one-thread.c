/* part 1 with 2 3 4 (thread for each member): one thread for all, as lab 05 */
#include "../../05/solution.c"
