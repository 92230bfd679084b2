/** The version of the package, and of the Python program that it starts. */
export const VERSION = '0.2.0';
