from flambeau.launch.program import main

main()
