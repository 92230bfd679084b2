// Blocks of code and wide tables scroll: the keyboard reaches them. The theme wraps tables after the page is loaded.
const reach = () => {
  for (const element of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) {
    if (element.tabIndex !== 0) element.tabIndex = 0;
  }
};
reach();
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
