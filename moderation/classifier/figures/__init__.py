"""What is said of a classifier beyond a table: each figure in a module of its own, and the page they are drawn on.

    scores and labels → discrimination (AUC, average precision, curves)
                      → reliability    (calibration)
                      → coverage       (what can be decided without a person)
                      → retention      (what is left of recall under attacks, which `attacks` writes)
                      → groups         (bias)
    all together      → detail → page, drawn by svg

Takes and gives values only; nothing here fits the classifier, changes a threshold or keeps a text.
"""
